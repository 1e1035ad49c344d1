<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/** A text that is made of a value once the ids of all references in it are known. Comes in previews, and is never sent. */
final class Encoded
{
    /** @param int $encoding one of Cognate\V1\Encoding */
    public function __construct(public readonly mixed $value, public readonly int $encoding)
    {
    }
}
