<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/** A value that was left out because it is larger than a record may carry. Comes in changes that are read, and is never sent. */
final class Omitted
{
    public function __construct(public readonly int $sizeBytes, public readonly int $limitBytes, public readonly bool $isKey)
    {
    }
}
