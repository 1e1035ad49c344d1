<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** A file that this site will not have. */
final class FileRefused extends \RuntimeException
{
    public function __construct(public readonly string $reason, string $message)
    {
        parent::__construct($message);
    }
}
