<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** A file that is not sent, or not taken. */
final class FileRefused extends \RuntimeException
{
    /** @param float|null $retryDelay seconds after which it may be another matter; null: never */
    public function __construct(public readonly string $reason, string $message, public readonly ?float $retryDelay = null, ?\Throwable $previous = null)
    {
        parent::__construct($message, 0, $previous);
    }
}
