<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** Where a record has a file. */
final class FileRef
{
    /** @param string $name what people call it; default: the last part of its path */
    public function __construct(public readonly string $disk, public readonly string $path, private readonly string $name = '')
    {
    }

    public function name(): string
    {
        $name = $this->name === '' ? basename($this->path) : basename(str_replace('\\', '/', $this->name));
        return mb_strcut(mb_scrub($name, 'UTF-8'), 0, 255, 'UTF-8');
    }
}
