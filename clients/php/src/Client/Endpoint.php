<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidConfiguration;

/** Where the hub is: `https://hub:7400`, `http://127.0.0.1:7400` or `unix:/path`. */
final class Endpoint
{
    /** The longest path that a socket address holds. */
    private const MAX_SOCKET_PATH = 107;

    private function __construct(
        /** `https://hub:7400`; `http://localhost` for a socket. */
        public readonly string $url,
        /** Empty unless it is a socket. */
        public readonly string $socket,
        public readonly bool $isTls,
        public readonly string $host,
    ) {
    }

    public static function parse(string $address): self
    {
        if (str_starts_with($address, 'unix:')) {
            return self::socket(substr($address, 5), $address);
        }
        $parts = parse_url($address);
        $scheme = is_array($parts) ? strtolower($parts['scheme'] ?? '') : '';
        $host = is_array($parts) ? ($parts['host'] ?? '') : '';
        if (!in_array($scheme, ['http', 'https'], true) || preg_match('/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)$/D', $host) !== 1) {
            throw self::refusal($address);
        }
        $more = array_diff_key($parts, ['scheme' => 1, 'host' => 1, 'port' => 1]);
        if ($more !== [] && $more !== ['path' => '/']) {
            throw self::refusal($address);
        }
        $port = $parts['port'] ?? ($scheme === 'https' ? 443 : 80);
        return new self("$scheme://$host:$port", '', $scheme === 'https', trim($host, '[]'));
    }

    private static function socket(string $path, string $address): self
    {
        if (!str_starts_with($path, '/') || strlen($path) > self::MAX_SOCKET_PATH || preg_match('/[\x00-\x1f]/', $path) === 1) {
            throw self::refusal($address);
        }
        return new self('http://localhost', $path, false, '');
    }

    private static function refusal(string $address): InvalidConfiguration
    {
        // A password in the address is not repeated.
        $shown = preg_replace('#//[^/@]*@#', '//…@', substr($address, 0, 200));
        return new InvalidConfiguration(
            "address: got \"$shown\", want https://host:port, http://host:port or unix:/path of at most " . self::MAX_SOCKET_PATH . ' bytes'
        );
    }

    /** Whether what is sent stays on this machine. */
    public function isLocal(): bool
    {
        return $this->socket !== '' || $this->host === 'localhost' || $this->host === '::1' || str_starts_with($this->host, '127.');
    }

    /** For people. */
    public function __toString(): string
    {
        return $this->socket !== '' ? "unix:{$this->socket}" : $this->url;
    }
}
