<?php

declare(strict_types=1);

namespace Cognate\Client;

/** How often, and how far apart, a call is tried. */
final class RetryPolicy
{
    /**
     * @param int $maxAttempts the first one counted
     * @param float $initial seconds: the longest wait before the second attempt
     * @param float $factor how much longer the wait may be after each attempt
     * @param float $max seconds: the longest wait
     */
    public function __construct(
        public readonly int $maxAttempts = 4,
        public readonly float $initial = 0.1,
        public readonly float $factor = 3.0,
        public readonly float $max = 5.0,
    ) {
    }

    /**
     * Seconds to wait after the attempt of this number (1 is the first); full jitter.
     *
     * @param float $chance from 0 to 1
     */
    public function delay(int $attempt, float $chance): float
    {
        return min($this->max, $this->initial * $this->factor ** ($attempt - 1)) * $chance;
    }
}
