<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

/** An authority of our own with a server's and a client's certificate, and another authority that vouches for nobody. */
final class Certificates
{
    public readonly string $authority;
    public readonly string $otherAuthority;
    public readonly string $server;
    public readonly string $serverKey;
    public readonly string $client;
    public readonly string $clientKey;

    public function __construct(TempDir $directory)
    {
        [$this->authority, $authorityKey] = self::authority($directory, 'ca');
        [$this->otherAuthority] = self::authority($directory, 'other');
        [$this->server, $this->serverKey] = self::signed($directory, 'server', 'subjectAltName=DNS:localhost,IP:127.0.0.1', $this->authority, $authorityKey);
        [$this->client, $this->clientKey] = self::signed($directory, 'client', 'subjectAltName=DNS:agent', $this->authority, $authorityKey);
    }

    /** @return array{string, string} */
    private static function authority(TempDir $directory, string $name): array
    {
        $certificate = $directory->file("$name.pem");
        $key = $directory->file("$name.key");
        self::openssl(
            ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', "/CN=$name",
                '-keyout', $key, '-out', $certificate]
        );
        return [$certificate, $key];
    }

    /** @return array{string, string} */
    private static function signed(TempDir $directory, string $name, string $extension, string $authority, string $authorityKey): array
    {
        [$request, $certificate, $key, $extensions] = array_map(
            static fn (string $end): string => $directory->file("$name.$end"),
            ['csr', 'pem', 'key', 'ext']
        );
        file_put_contents($extensions, "$extension\n");
        self::openssl(
            ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', "/CN=$name", '-keyout', $key, '-out', $request]
        );
        self::openssl(
            ['x509', '-req', '-in', $request, '-CA', $authority, '-CAkey', $authorityKey, '-CAcreateserial', '-days', '2',
                '-extfile', $extensions, '-out', $certificate]
        );
        return [$certificate, $key];
    }

    /** @param list<string> $words */
    private static function openssl(array $words): void
    {
        $process = proc_open(['openssl', ...$words], [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
        $said = stream_get_contents($pipes[2]);
        if (!is_resource($process) || proc_close($process) !== 0) {
            throw new \RuntimeException("openssl {$words[0]}: $said");
        }
    }
}
