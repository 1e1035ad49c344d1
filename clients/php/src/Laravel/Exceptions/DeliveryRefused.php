<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/**
 * A delivery that is not written. The message goes to the hub and is shown to people: it has no values of hidden fields.
 */
abstract class DeliveryRefused extends \RuntimeException
{
    /**
     * @param string $reason a word in capitals
     * @param string $field the column that it is about
     * @param float|null $retryDelay seconds; with DeliveryFailed: not before
     */
    public function __construct(
        public readonly string $reason,
        string $message,
        public readonly string $field = '',
        public readonly ?float $retryDelay = null,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }
}
