<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** Waits for conditions, with the patience of a machine that is ten times slower. */
final class Eventually
{
    /** Seconds; less of it while a test is being written. */
    private static function patience(): float
    {
        return (float) (getenv('COGNATE_PATIENCE') ?: 120);
    }

    public static function is(\Closure $condition, string $what, ?\Closure $otherwise = null): void
    {
        $until = hrtime(true) + (int) (self::patience() * 1e9);
        while (!$condition()) {
            if (hrtime(true) > $until) {
                throw new \RuntimeException("after two minutes it is not so that $what" . ($otherwise === null ? '' : ': ' . $otherwise()));
            }
            usleep(20_000);
        }
    }
}
