<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The codes of gRPC. */
final class StatusCode
{
    public const OK = 0;
    public const CANCELLED = 1;
    public const UNKNOWN = 2;
    public const INVALID_ARGUMENT = 3;
    public const DEADLINE_EXCEEDED = 4;
    public const NOT_FOUND = 5;
    public const ALREADY_EXISTS = 6;
    public const PERMISSION_DENIED = 7;
    public const RESOURCE_EXHAUSTED = 8;
    public const FAILED_PRECONDITION = 9;
    public const ABORTED = 10;
    public const OUT_OF_RANGE = 11;
    public const UNIMPLEMENTED = 12;
    public const INTERNAL = 13;
    public const UNAVAILABLE = 14;
    public const DATA_LOSS = 15;
    public const UNAUTHENTICATED = 16;

    private const NAMES = [
        'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
        'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE',
        'DATA_LOSS', 'UNAUTHENTICATED',
    ];

    private function __construct()
    {
    }

    public static function name(int $code): string
    {
        return self::NAMES[$code] ?? 'UNKNOWN';
    }

    /** Of a name in whatever case, such as `not_found`; null if there is none. */
    public static function fromName(string $name): ?int
    {
        // British and American spelling are both met.
        $upper = strtoupper($name) === 'CANCELED' ? 'CANCELLED' : strtoupper($name);
        $code = array_search($upper, self::NAMES, true);
        return $code === false ? null : $code;
    }

    /** What an HTTP status means where no gRPC status came with it. */
    public static function fromHttp(int $status): int
    {
        return match (true) {
            $status === 400 => self::INTERNAL,
            $status === 401 => self::UNAUTHENTICATED,
            $status === 403 => self::PERMISSION_DENIED,
            $status === 404 => self::UNIMPLEMENTED,
            $status === 413 => self::RESOURCE_EXHAUSTED,
            in_array($status, [429, 502, 503, 504], true) => self::UNAVAILABLE,
            default => self::UNKNOWN,
        };
    }
}
