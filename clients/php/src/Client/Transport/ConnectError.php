<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;

/** What the Connect protocol says of a call that failed: `{"code": "not_found", "message": "…", "details": […]}`. */
final class ConnectError
{
    private const MAX_DEPTH = 16;

    /** @param string $body whatever came with an HTTP status other than 200 */
    public static function ofBody(int $httpStatus, string $body, string $requestId, ?float $retryAfter = null): CognateException
    {
        $error = json_decode($body, true, self::MAX_DEPTH);
        $code = is_array($error) && is_string($error['code'] ?? null) ? StatusCode::fromName($error['code']) : null;
        if (!is_array($error) || $code === null || $code === StatusCode::OK) {
            return CognateException::of(
                StatusCode::fromHttp($httpStatus),
                "The answer is not of the Connect protocol: HTTP status $httpStatus" . self::excerpt($body),
                $httpStatus === 413 ? 'REQUEST_TOO_LARGE' : 'NOT_CONNECT',
                retryDelay: $retryAfter,
                requestId: $requestId
            );
        }
        return self::ofArray($error, $code, $requestId, $retryAfter);
    }

    /** @param array<mixed> $error */
    public static function ofArray(array $error, int $code, string $requestId, ?float $retryAfter = null): CognateException
    {
        $details = new StatusDetails();
        foreach (is_array($error['details'] ?? null) ? $error['details'] : [] as $detail) {
            if (is_array($detail) && is_string($detail['type'] ?? null) && is_string($detail['value'] ?? null)) {
                $bytes = base64_decode(strtr(rtrim($detail['value'], '='), '-_', '+/'), true);
                $details->add($detail['type'], $bytes === false ? '' : $bytes);
            }
        }
        $message = is_string($error['message'] ?? null) && $error['message'] !== '' ? $error['message'] : StatusCode::name($code);
        return $details->exception($code, $message, $requestId, $retryAfter);
    }

    private static function excerpt(string $body): string
    {
        $text = trim((string) preg_replace('/[^\x20-\x7e]+/', ' ', strip_tags(substr($body, 0, 2000))));
        return $text === '' ? ' and nothing else' : ': ' . substr($text, 0, 120);
    }
}
