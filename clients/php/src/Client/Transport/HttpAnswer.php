<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

/** An answer over HTTP/1.1. */
final class HttpAnswer
{
    /** @param array<string, string> $headers by lower-case name */
    public function __construct(public readonly int $status, public readonly array $headers, public readonly string $body)
    {
    }

    /** Seconds that `retry-after` says; dates are left alone. */
    public function retryAfter(): ?float
    {
        $text = $this->headers['retry-after'] ?? '';
        return preg_match('/^[0-9]{1,5}$/D', $text) === 1 ? (float) $text : null;
    }

    /** Reads `HTTP/1.1 200 OK` and `name: value`. @param array<string, string> $headers */
    public static function readLine(string $line, int &$status, array &$headers): void
    {
        if (preg_match('#^HTTP/[0-9.]+ +([0-9]{3})#', $line, $match) === 1) {
            $status = (int) $match[1];
            $headers = [];
            return;
        }
        $colon = strpos($line, ':');
        if ($colon !== false) {
            $headers[strtolower(trim(substr($line, 0, $colon)))] = trim(substr($line, $colon + 1));
        }
    }
}
