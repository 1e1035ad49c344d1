<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

/** The seed of a fuzz test: COGNATE_TEST_SEED, or a new one. It is printed, so that a failure can be had again. */
final class Seed
{
    public static function start(string $test): int
    {
        $given = getenv('COGNATE_TEST_SEED');
        $seed = $given === false || $given === '' ? random_int(1, 1 << 30) : (int) $given;
        fwrite(STDOUT, "\nseed $test COGNATE_TEST_SEED=$seed\n");
        mt_srand($seed);
        return $seed;
    }

    public static function bytes(int $count): string
    {
        $bytes = '';
        for ($i = 0; $i < $count; ++$i) {
            $bytes .= chr(mt_rand(0, 255));
        }
        return $bytes;
    }

    /** A text with some bytes changed, dropped or put in. */
    public static function mutated(string $text): string
    {
        for ($times = mt_rand(1, 4); $times > 0; --$times) {
            $place = mt_rand(0, max(0, strlen($text) - 1));
            $text = match (mt_rand(0, 3)) {
                0 => substr($text, 0, $place) . self::bytes(1) . substr($text, $place + 1),
                1 => substr($text, 0, $place) . substr($text, $place + mt_rand(1, 8)),
                2 => substr($text, 0, $place) . self::bytes(mt_rand(1, 8)) . substr($text, $place),
                default => substr($text, 0, $place),
            };
        }
        return $text;
    }

    /** In pieces of chance sizes, as a connection brings it. @return list<string> */
    public static function pieces(string $text): array
    {
        $pieces = [];
        while ($text !== '') {
            $size = mt_rand(1, max(1, min(strlen($text), 50)));
            $pieces[] = substr($text, 0, $size);
            $text = substr($text, $size);
        }
        return $pieces;
    }
}
