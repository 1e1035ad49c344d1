<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A file that a record of here is to have is in place. */
final class FilePlaced
{
    public function __construct(
        public readonly string $disk,
        public readonly string $path,
        public readonly string $sha256,
        public readonly int $size,
    ) {
    }
}
