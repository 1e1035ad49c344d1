<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\TlsFailed;

/** HTTP/1.1 over PHP's own streams, for hosts without ext-curl. A connection for each call. */
final class StreamHttp implements Http
{
    private const PIECE = 65536;
    private const LOOK = 0.25;

    public function __construct(private readonly ClientConfig $config)
    {
    }

    /** Why it cannot be used; null if it can. */
    public static function lacks(ClientConfig $config): ?string
    {
        if (filter_var(ini_get('allow_url_fopen'), FILTER_VALIDATE_BOOLEAN) === false) {
            return 'allow_url_fopen is off in php.ini';
        }
        if ($config->endpoint->isTls && !extension_loaded('openssl')) {
            return 'the extension openssl is not loaded';
        }
        return $config->endpoint->socket !== '' ? 'PHP streams speak no HTTP over unix sockets' : null;
    }

    public function name(): string
    {
        return 'PHP streams';
    }

    public function post(string $path, array $headers, string $body, float $timeout, string $requestId): HttpAnswer
    {
        return $this->request('POST', $path, $headers, $body, $timeout, $requestId);
    }

    public function request(string $verb, string $path, array $headers, ?string $body, float $timeout, string $requestId): HttpAnswer
    {
        $whole = '';
        $pieces = $this->pieces($verb, $path, $headers, $body, $timeout, $requestId, $this->config->maxMessageBytes);
        foreach ($pieces as $piece) {
            $whole .= $piece;
        }
        [$status, $fields] = $pieces->getReturn();
        return new HttpAnswer($status, $fields, $whole);
    }

    public function open(string $path, array $headers, ?string $body, ?float $timeout, string $requestId): \Generator
    {
        $status = 0;
        $pieces = $this->pieces($body === null ? 'GET' : 'POST', $path, $headers, $body, $timeout, $requestId, null, $status);
        $whole = '';
        foreach ($pieces as $piece) {
            if ($status === 200) {
                yield $piece;
            } elseif (strlen($whole) < $this->config->maxMessageBytes) {
                $whole .= $piece;
            }
        }
        [$status, $fields] = $pieces->getReturn();
        return $status === 200 ? null : new HttpAnswer($status, $fields, $whole);
    }

    /**
     * @param array<string, string> $headers
     * @return \Generator<int, string, mixed, array{int, array<string, string>}>
     */
    private function pieces(
        string $verb,
        string $path,
        array $headers,
        ?string $body,
        ?float $timeout,
        string $requestId,
        ?int $limit,
        int &$status = 0,
    ): \Generator {
        $end = $timeout === null ? INF : hrtime(true) / 1e9 + $timeout;
        $stream = $this->connect($verb, $path, $headers, $body, $timeout, $requestId);
        try {
            [$status, $fields] = self::head($stream);
            $taken = 0;
            // A stream that is cut in chunks cannot be selected on: each read waits for a moment instead.
            stream_set_timeout($stream, 0, (int) (self::LOOK * 1e6));
            while (!feof($stream)) {
                $piece = (string) fread($stream, self::PIECE);
                $taken += strlen($piece);
                if ($limit !== null && $taken > $limit) {
                    throw CurlHttp::tooLarge($limit, $requestId);
                }
                yield $piece;
                if (hrtime(true) / 1e9 > $end) {
                    throw $this->late($timeout ?? 0.0, $requestId);
                }
            }
            if ($verb !== 'HEAD') {
                self::checkLength($fields, $taken, $requestId);
            }
            return [$status, $fields];
        } finally {
            fclose($stream);
        }
    }

    /** @param array<string, string> $fields */
    private static function checkLength(array $fields, int $taken, string $requestId): void
    {
        // A connection that broke looks like the end.
        $length = $fields['content-length'] ?? '';
        if (preg_match('/^[0-9]{1,15}$/D', $length) === 1 && (int) $length !== $taken) {
            throw CognateException::of(
                StatusCode::UNAVAILABLE,
                "The connection ended after $taken of $length bytes",
                'CONNECTION_LOST',
                requestId: $requestId
            );
        }
    }

    /**
     * @param array<string, string> $headers
     * @return resource
     */
    private function connect(string $verb, string $path, array $headers, ?string $body, ?float $timeout, string $requestId)
    {
        $headers += ['user-agent' => $this->config->userAgent, 'connection' => 'close'];
        $lines = [];
        foreach ($headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        $context = stream_context_create([
            'http' => [
                'method' => $verb,
                'header' => $lines,
                'content' => $body ?? '',
                'protocol_version' => 1.1,
                'ignore_errors' => true,
                'follow_location' => 0,
                'max_redirects' => 0,
                // Until the head of the answer is there; after it the time is looked at with each piece.
                'timeout' => $timeout ?? 60.0,
            ],
            'ssl' => $this->tls(),
        ]);
        $started = hrtime(true) / 1e9;
        // PHP says in several warnings what is wrong; the last one says least.
        $said = [];
        set_error_handler(static function (int $_, string $warning) use (&$said): bool {
            $said[] = (string) preg_replace('/^fopen\([^)]*\): /', '', $warning);
            return true;
        });
        try {
            $stream = fopen($this->config->endpoint->url . $path, 'rb', false, $context);
        } finally {
            restore_error_handler();
        }
        if ($stream === false) {
            $words = (string) preg_replace('/[^\x20-\x7e]+/', ' ', implode('; ', $said));
            throw $this->failure($words, $timeout, hrtime(true) / 1e9 - $started, $requestId);
        }
        return $stream;
    }

    /** @return array<string, mixed> */
    private function tls(): array
    {
        $tls = ['verify_peer' => true, 'verify_peer_name' => true, 'SNI_enabled' => true];
        if ($this->config->caFile !== '') {
            $tls['cafile'] = $this->config->caFile;
        }
        if ($this->config->clientCertificate !== '') {
            $tls['local_cert'] = $this->config->clientCertificate;
            $tls['local_pk'] = $this->config->clientKey;
        }
        return $tls;
    }

    private function failure(string $said, ?float $timeout, float $took, string $requestId): CognateException
    {
        $to = (string) $this->config->endpoint;
        // Also "HTTP request failed!", which is all that PHP says of an answer that did not come.
        if ($timeout !== null && $took >= $timeout * 0.99) {
            return $this->late($timeout, $requestId);
        }
        if ($this->config->endpoint->isTls && preg_match('/certificate|crypto|SSL|TLS|peer/i', $said) === 1) {
            return new TlsFailed(
                "$to: $said. Look at ca_file, at the name in the address, and at client_certificate",
                StatusCode::UNAVAILABLE,
                'TLS_FAILED',
                requestId: $requestId
            );
        }
        $reason = match (true) {
            str_contains($said, 'getaddrinfo') => 'NAME_NOT_RESOLVED',
            str_contains($said, 'refused') => 'CONNECTION_REFUSED',
            default => 'CONNECTION_LOST',
        };
        return CognateException::of(StatusCode::UNAVAILABLE, "$to: $said", $reason, requestId: $requestId);
    }

    private function late(float $timeout, string $requestId): CognateException
    {
        return CognateException::of(
            StatusCode::DEADLINE_EXCEEDED,
            sprintf('%s: no answer within %.1f s', $this->config->endpoint, $timeout),
            'TIMED_OUT',
            requestId: $requestId
        );
    }

    /**
     * @param resource $stream
     * @return array{int, array<string, string>}
     */
    private static function head($stream): array
    {
        $status = 0;
        $fields = [];
        $lines = stream_get_meta_data($stream)['wrapper_data'] ?? [];
        foreach (is_array($lines) ? $lines : [] as $line) {
            if (is_string($line)) {
                HttpAnswer::readLine($line, $status, $fields);
            }
        }
        return [$status, $fields];
    }
}
