<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

use Cognate\Client\Exception\InvalidValue;

/** An exact decimal number as text, such as `-12.50`: every digit is kept as it was written. */
final class Decimal implements \JsonSerializable, \Stringable
{
    private const FORM = '/^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?|NaN|[+-]?Infinity)$/D';
    private const MAX_BYTES = 200_000;

    public readonly string $text;

    public function __construct(string|int $number)
    {
        $text = (string) $number;
        if (strlen($text) > self::MAX_BYTES || preg_match(self::FORM, $text) !== 1) {
            throw new InvalidValue('Decimal: got "' . Shown::text($text) . '", want digits such as -12.50, 1e3 or NaN');
        }
        $this->text = $text;
    }

    public function __toString(): string
    {
        return $this->text;
    }

    public function jsonSerialize(): string
    {
        return $this->text;
    }
}
