<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A file is not sent, or is not taken. `isLater`: it is tried again. */
final class FileFailed
{
    /** @param bool $isOurs whether it is a file of here that was to be sent */
    public function __construct(
        public readonly string $disk,
        public readonly string $path,
        public readonly bool $isOurs,
        public readonly string $reason,
        public readonly string $message,
        public readonly bool $isLater = false,
    ) {
    }
}
