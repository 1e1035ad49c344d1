<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/** Foreign text in the words of an error: short, and fit for a line. */
final class Shown
{
    private const MAX_BYTES = 60;

    private function __construct()
    {
    }

    public static function text(string $text): string
    {
        $short = substr($text, 0, self::MAX_BYTES);
        return preg_replace('/[^\x20-\x7e]/', '?', $short) . (strlen($text) > self::MAX_BYTES ? '…' : '');
    }
}
