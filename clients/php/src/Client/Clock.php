<?php

declare(strict_types=1);

namespace Cognate\Client;

/** Time, so that tests need not wait for it. */
interface Clock
{
    /** Seconds that only ever rise; for measuring. */
    public function elapsed(): float;

    /** What time it is. */
    public function now(): \DateTimeImmutable;

    public function sleep(float $seconds): void;
}
