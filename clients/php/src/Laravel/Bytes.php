<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** Bytes that are no text. */
final class Bytes
{
    public function __construct(public readonly string $bytes)
    {
    }
}
