<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Client\Value\File;

/** A file of here whose hash is known. */
final class FileContent
{
    public function __construct(
        public readonly FileRef $ref,
        public readonly string $sha256,
        public readonly int $size,
        public readonly int $modifyTime,
    ) {
    }

    public function value(): File
    {
        return new File($this->sha256, $this->size, $this->ref->name(), new \DateTimeImmutable("@$this->modifyTime"), $this->ref->path);
    }
}
