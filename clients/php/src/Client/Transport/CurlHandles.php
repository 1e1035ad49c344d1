<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InternalError;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\TlsFailed;

/** What both transports over ext-curl share: the settings of a handle, and what its errors mean. */
final class CurlHandles
{
    /** Older ones fail on every second call of a connection without TLS that speaks HTTP/2 (errno 16). */
    private const REUSES_PLAIN_HTTP2 = 0x080000;
    private const TLS_ERRORS = [51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91];

    public function __construct(private readonly ClientConfig $config)
    {
    }

    /** Why ext-curl cannot carry HTTP/2; null if it can. */
    public static function lacksHttp2(): ?string
    {
        if (!extension_loaded('curl')) {
            return 'the extension curl is not loaded';
        }
        $version = curl_version();
        if ($version === false || ($version['features'] & CURL_VERSION_HTTP2) === 0) {
            return 'the extension curl was built without HTTP/2' . ($version === false ? '' : " (libcurl {$version['version']})");
        }
        return null;
    }

    public function make(bool $http2): \CurlHandle
    {
        $handle = curl_init();
        if ($handle === false) {
            throw CognateException::of(StatusCode::INTERNAL, 'ext-curl gives no handle: the process has no memory left');
        }
        curl_setopt_array($handle, $this->settings($http2));
        return $handle;
    }

    /** As it was made; its connection stays. */
    public function reset(\CurlHandle $handle, bool $http2): void
    {
        curl_reset($handle);
        curl_setopt_array($handle, $this->settings($http2));
    }

    /** @return array<int, mixed> */
    private function settings(bool $http2): array
    {
        $endpoint = $this->config->endpoint;
        $settings = [
            CURLOPT_PROTOCOLS => $endpoint->isTls ? CURLPROTO_HTTPS : CURLPROTO_HTTP,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_CONNECTTIMEOUT_MS => (int) ceil($this->config->connectTimeout * 1000),
            CURLOPT_TCP_NODELAY => true,
            CURLOPT_TCP_KEEPALIVE => 1,
            CURLOPT_BUFFERSIZE => 1 << 18,
            CURLOPT_USERAGENT => $this->config->userAgent,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_HTTP_VERSION => $http2
                ? ($endpoint->isTls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
                : CURL_HTTP_VERSION_1_1,
        ];
        if ($http2 && !$endpoint->isTls && (curl_version()['version_number'] ?? 0) < self::REUSES_PLAIN_HTTP2) {
            $settings[CURLOPT_FORBID_REUSE] = true;
        }
        if ($endpoint->socket !== '') {
            $settings[CURLOPT_UNIX_SOCKET_PATH] = $endpoint->socket;
        }
        if ($endpoint->isLocal() || !$endpoint->isTls) {
            // What the environment calls a proxy is for pages of the web.
            $settings[CURLOPT_NOPROXY] = '*';
        }
        if ($this->config->caFile !== '') {
            $settings[CURLOPT_CAINFO] = $this->config->caFile;
            // Nothing but this file is trusted: the system's directory would count beside it. Here no authority lies.
            $settings[CURLOPT_CAPATH] = __DIR__;
        }
        if ($this->config->clientCertificate !== '') {
            $settings[CURLOPT_SSLCERT] = $this->config->clientCertificate;
            $settings[CURLOPT_SSLKEY] = $this->config->clientKey;
        }
        return $settings;
    }

    /**
     * @param array<string, string> $headers
     * @return list<string>
     */
    public static function lines(array $headers): array
    {
        $lines = [];
        foreach ($headers as $name => $value) {
            // curl takes "name:" for "leave it out", and "name;" for an empty one.
            $lines[] = $value === '' ? "$name;" : "$name: $value";
        }
        return $lines;
    }

    /** What curl says of a connection that failed; null if it did not. */
    public function failure(\CurlHandle $handle, int $errno, ?float $timeout, string $requestId): ?CognateException
    {
        if ($errno === 0) {
            return null;
        }
        $said = curl_error($handle);
        $said = preg_match('//u', $said) === 1 && $said !== '' ? $said : (string) curl_strerror($errno);
        $to = "{$this->config->endpoint}";
        if ($errno === CURLE_OPERATION_TIMEDOUT) {
            return self::timedOut($handle, $to, $timeout, $requestId);
        }
        if ($this->isTlsError($errno, $said)) {
            $message = "$to: $said (curl $errno). Look at ca_file, at the name in the address, and at client_certificate";
            return new TlsFailed($message, StatusCode::UNAVAILABLE, 'TLS_FAILED', requestId: $requestId);
        }
        $reason = match ($errno) {
            CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY => 'NAME_NOT_RESOLVED',
            CURLE_COULDNT_CONNECT => 'CONNECTION_REFUSED',
            // An end of file, broken framing, a stream that was reset: the connection is gone, the request may have arrived.
            1, 8, 16, 18, 35, 52, 55, 56, 92 => 'CONNECTION_LOST',
            default => '',
        };
        if ($reason === '') {
            return new InternalError("$to: $said (curl $errno)", StatusCode::INTERNAL, '', requestId: $requestId);
        }
        return CognateException::of(StatusCode::UNAVAILABLE, "$to: $said (curl $errno)", $reason, requestId: $requestId);
    }

    private function isTlsError(int $errno, string $said): bool
    {
        if (!$this->config->endpoint->isTls) {
            return false;
        }
        // 35 and 56 are also what a connection says that was cut; a refused client certificate is heard of as late as that.
        return in_array($errno, self::TLS_ERRORS, true)
            || (in_array($errno, [35, 56], true) && preg_match('/alert|certificate|wrong version|unsupported protocol|unknown ca/i', $said) === 1);
    }

    private static function timedOut(\CurlHandle $handle, string $to, ?float $timeout, string $requestId): CognateException
    {
        $took = (float) curl_getinfo($handle, CURLINFO_TOTAL_TIME);
        $isConnected = (float) curl_getinfo($handle, CURLINFO_PRETRANSFER_TIME) > 0;
        if (!$isConnected && ($timeout === null || $took < $timeout * 0.999)) {
            return CognateException::of(
                StatusCode::UNAVAILABLE,
                sprintf('%s: no connection after %.1f s; is it the right address, and does a firewall let it through?', $to, $took),
                'TIMED_OUT',
                requestId: $requestId
            );
        }
        return CognateException::of(
            StatusCode::DEADLINE_EXCEEDED,
            sprintf('%s: no answer within %.1f s', $to, $timeout ?? $took),
            'TIMED_OUT',
            requestId: $requestId
        );
    }
}
