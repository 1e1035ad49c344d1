<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidConfiguration;

/** What `Cognate::connect` is told, checked. */
final class ClientConfig
{
    public const TRANSPORTS = ['auto', 'grpc', 'connect', 'ext-grpc'];
    private const KNOWN = [
        'address', 'key', 'key_file', 'transport', 'ca_file', 'client_certificate', 'client_key', 'timeout', 'connect_timeout',
        'max_message_bytes', 'max_attempts', 'plaintext', 'user_agent',
    ];

    /**
     * @param float $timeout seconds for a call, all its attempts together
     * @param float $connectTimeout seconds until a connection must be there
     * @param int $maxMessageBytes a larger answer is refused before it is read
     * @param int $maxAttempts for a call, the first one counted
     */
    private function __construct(
        public readonly Endpoint $endpoint,
        public readonly Credential $credential,
        public readonly string $transport,
        public readonly string $caFile,
        public readonly string $clientCertificate,
        public readonly string $clientKey,
        public readonly float $timeout,
        public readonly float $connectTimeout,
        public readonly int $maxMessageBytes,
        public readonly int $maxAttempts,
        public readonly string $userAgent,
    ) {
    }

    /** @param array<string, mixed> $options */
    public static function fromArray(#[\SensitiveParameter] array $options): self
    {
        $unknown = array_diff(array_keys($options), self::KNOWN);
        if ($unknown !== []) {
            throw new InvalidConfiguration('connect: got "' . implode('", "', $unknown) . '", want only ' . implode(', ', self::KNOWN));
        }
        $endpoint = Endpoint::parse(self::text($options, 'address'));
        $credential = self::credential($options);
        if (!$credential->isNone() && !$endpoint->isTls && !$endpoint->isLocal() && ($options['plaintext'] ?? false) !== true) {
            throw new InvalidConfiguration(
                "address: $endpoint has no TLS, and the key would be sent for everybody to read; use https://, or set plaintext to true"
            );
        }
        $transport = self::text($options, 'transport', 'auto');
        if (!in_array($transport, self::TRANSPORTS, true)) {
            throw new InvalidConfiguration("transport: got \"$transport\", want " . implode(', ', self::TRANSPORTS));
        }
        $certificate = self::readableFile($options, 'client_certificate');
        $key = self::readableFile($options, 'client_key');
        if (($certificate === '') !== ($key === '')) {
            throw new InvalidConfiguration('client_certificate and client_key: want both or neither');
        }
        return new self(
            $endpoint,
            $credential,
            $transport,
            self::readableFile($options, 'ca_file'),
            $certificate,
            $key,
            self::seconds($options, 'timeout', 30.0),
            self::seconds($options, 'connect_timeout', 5.0),
            self::whole($options, 'max_message_bytes', 16 << 20, 1 << 10, 1 << 30),
            self::whole($options, 'max_attempts', 4, 1, 20),
            self::userAgent($options),
        );
    }

    /** @param array<string, mixed> $options */
    private static function credential(#[\SensitiveParameter] array $options): Credential
    {
        $key = self::text($options, 'key', '');
        $file = self::text($options, 'key_file', '');
        if ($key !== '' && $file !== '') {
            throw new InvalidConfiguration('key and key_file: want one of the two');
        }
        if ($key !== '') {
            return Credential::text($key);
        }
        return $file !== '' ? Credential::file($file) : Credential::none();
    }

    /** @param array<string, mixed> $options */
    private static function text(#[\SensitiveParameter] array $options, string $name, ?string $default = null): string
    {
        $value = $options[$name] ?? $default;
        if (!is_string($value)) {
            throw new InvalidConfiguration("$name: got " . get_debug_type($value) . ', want a text');
        }
        return $value;
    }

    /** @param array<string, mixed> $options */
    private static function userAgent(#[\SensitiveParameter] array $options): string
    {
        $text = self::text($options, 'user_agent', 'cognate-php');
        if (preg_match('/^[\x20-\x7e]{1,200}$/D', $text) !== 1) {
            throw new InvalidConfiguration('user_agent: want 1 to 200 characters of printable ASCII');
        }
        return $text;
    }

    /** @param array<string, mixed> $options */
    private static function readableFile(#[\SensitiveParameter] array $options, string $name): string
    {
        $path = self::text($options, $name, '');
        if ($path !== '' && !(is_file($path) && is_readable($path))) {
            throw new InvalidConfiguration("$name: cannot read $path; it must be a file that this user may read");
        }
        return $path;
    }

    /** @param array<string, mixed> $options */
    private static function seconds(#[\SensitiveParameter] array $options, string $name, float $default): float
    {
        $value = $options[$name] ?? $default;
        if ((!is_int($value) && !is_float($value)) || !($value >= 0.001 && $value <= 86400)) {
            throw new InvalidConfiguration("$name: want 0.001 to 86400 seconds");
        }
        return (float) $value;
    }

    /** @param array<string, mixed> $options */
    private static function whole(#[\SensitiveParameter] array $options, string $name, int $default, int $least, int $most): int
    {
        $value = $options[$name] ?? $default;
        if (!is_int($value) || $value < $least || $value > $most) {
            throw new InvalidConfiguration("$name: want a whole number from $least to $most");
        }
        return $value;
    }
}
