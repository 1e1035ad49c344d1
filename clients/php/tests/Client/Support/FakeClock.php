<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

use Cognate\Client\Clock;

/** Time that passes when it is slept. */
final class FakeClock implements Clock
{
    public float $elapsed = 1000.0;
    /** @var list<float> */
    public array $slept = [];

    public function elapsed(): float
    {
        return $this->elapsed;
    }

    public function now(): \DateTimeImmutable
    {
        $base = new \DateTimeImmutable('2026-01-01T00:00:00Z');
        return $base->modify(sprintf('+%d microseconds', (int) round($this->elapsed * 1e6)));
    }

    public function sleep(float $seconds): void
    {
        $this->slept[] = $seconds;
        $this->elapsed += $seconds;
    }
}
