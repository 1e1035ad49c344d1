<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** A file below the uploads, told by its content. */
final class LocalFile
{
    public function __construct(
        public readonly string $path,
        public readonly string $sha256,
        public readonly int $sizeBytes,
        public readonly int $modifyTime,
    ) {
    }

    public function name(): string
    {
        return basename($this->path);
    }
}
