<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/**
 * A call that failed. Its subclasses say what a caller does about it; `reason` says why, as in docs/errors.md.
 *
 * No message, and nothing else in here, has the key.
 */
class CognateException extends \RuntimeException
{
    /**
     * @param int $statusCode one of StatusCode
     * @param string $reason upper-case word; empty where the other side gave none
     * @param list<FieldViolation> $fieldViolations
     * @param float|null $retryDelay seconds after which the hub wants to be asked again; null where a retry does not help
     * @param array<string, string> $metadata the variables of the message
     */
    final public function __construct(
        string $message,
        public readonly int $statusCode = StatusCode::UNKNOWN,
        public readonly string $reason = '',
        public readonly array $fieldViolations = [],
        public readonly ?float $retryDelay = null,
        public readonly array $metadata = [],
        public readonly string $requestId = '',
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, $statusCode, $previous);
    }

    /** `UNAVAILABLE`, `NOT_FOUND` and so on. */
    public function codeName(): string
    {
        return StatusCode::name($this->statusCode);
    }

    /**
     * Of the class that belongs to the code.
     *
     * @param list<FieldViolation> $fieldViolations
     * @param array<string, string> $metadata
     */
    public static function of(
        int $code,
        string $message,
        string $reason = '',
        array $fieldViolations = [],
        ?float $retryDelay = null,
        array $metadata = [],
        string $requestId = '',
        ?\Throwable $previous = null,
    ): self {
        $class = self::classOf($code);
        $code = $code >= 1 && $code <= 16 ? $code : StatusCode::UNKNOWN;
        return new $class($message, $code, $reason, $fieldViolations, $retryDelay, $metadata, $requestId, $previous);
    }

    /** @return class-string<self> */
    private static function classOf(int $code): string
    {
        return match ($code) {
            StatusCode::CANCELLED => Cancelled::class,
            StatusCode::INVALID_ARGUMENT => InvalidArgument::class,
            StatusCode::DEADLINE_EXCEEDED => DeadlineExceeded::class,
            StatusCode::NOT_FOUND => NotFound::class,
            StatusCode::ALREADY_EXISTS => AlreadyExists::class,
            StatusCode::PERMISSION_DENIED => PermissionDenied::class,
            StatusCode::RESOURCE_EXHAUSTED => ResourceExhausted::class,
            StatusCode::FAILED_PRECONDITION => FailedPrecondition::class,
            StatusCode::ABORTED => Aborted::class,
            StatusCode::OUT_OF_RANGE => OutOfRange::class,
            StatusCode::UNIMPLEMENTED => Unimplemented::class,
            StatusCode::UNAVAILABLE => Unavailable::class,
            StatusCode::UNAUTHENTICATED => Unauthenticated::class,
            StatusCode::INTERNAL, StatusCode::DATA_LOSS => InternalError::class,
            default => self::class,
        };
    }
}
