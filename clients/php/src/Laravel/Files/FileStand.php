<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** How a file stands: where any of it is another, the content may be. */
final class FileStand
{
    public function __construct(public readonly int $size, public readonly int $modifyTime, private readonly string $more = '')
    {
    }

    public function stamp(): string
    {
        return "$this->size $this->modifyTime $this->more";
    }

    /** Whether it is so old that a later write would show: clocks of file systems tick in seconds. */
    public function isSettled(): bool
    {
        return time() - $this->modifyTime > 2;
    }
}
