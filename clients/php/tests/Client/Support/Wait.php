<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

/** Waits for what is so sooner or later; two minutes, for machines that others use, too. */
final class Wait
{
    public const PATIENCE = 120.0;

    /** @param callable(): mixed $condition true (or something like it) once it holds */
    public static function until(callable $condition): mixed
    {
        $end = hrtime(true) / 1e9 + self::PATIENCE;
        do {
            $answer = $condition();
            if ($answer) {
                return $answer;
            }
            usleep(10_000);
        } while (hrtime(true) / 1e9 < $end);
        return $answer;
    }
}
