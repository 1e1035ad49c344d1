<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/** Bytes that are no text, such as a picture. A plain PHP string is text. */
final class Bytes implements \Stringable
{
    public function __construct(public readonly string $bytes)
    {
    }

    public function __toString(): string
    {
        return $this->bytes;
    }
}
