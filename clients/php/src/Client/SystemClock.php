<?php

declare(strict_types=1);

namespace Cognate\Client;

final class SystemClock implements Clock
{
    public function elapsed(): float
    {
        return hrtime(true) / 1e9;
    }

    public function now(): \DateTimeImmutable
    {
        return new \DateTimeImmutable('now', new \DateTimeZone('UTC'));
    }

    public function sleep(float $seconds): void
    {
        if ($seconds > 0) {
            usleep((int) min($seconds * 1e6, 3.6e9));
        }
    }
}
