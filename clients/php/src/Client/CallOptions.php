<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidConfiguration;

/** What one call may be told beyond its request. Immutable. */
final class CallOptions
{
    private const NAME = '/^[a-z0-9][a-z0-9_.-]{0,127}$/D';
    private const VALUE = '/^[\x20-\x7e]{0,8192}$/D';
    /** What the transports say themselves. */
    private const RESERVED = [
        'authorization', 'content-type', 'content-length', 'host', 'te', 'user-agent', 'connection', 'transfer-encoding',
        'x-request-id', 'accept', 'accept-encoding', 'expect',
    ];

    /**
     * @param float|null $timeout seconds for all attempts together; null: what the client was connected with, and no end for streams
     * @param array<string, string> $metadata lower-case names; values of names that end in `-bin` may be any bytes
     * @param bool|null $idempotent whether the call may be sent again when nobody knows what became of it; null: as its contract says
     * @param float $silence a stream that says nothing for so many seconds is taken for lost
     * @param (\Closure(): void)|null $beforeAttempt called before each attempt, for what must be fresh in the request
     * @param string $requestId sent as `x-request-id`; one is made where it is empty
     * @param list<string> $final reasons that the caller deals with: after these the call is not sent again, whatever the hub says
     */
    public function __construct(
        public readonly ?float $timeout = null,
        public readonly array $metadata = [],
        public readonly ?bool $idempotent = null,
        public readonly float $silence = 60.0,
        public readonly ?\Closure $beforeAttempt = null,
        public readonly string $requestId = '',
        public readonly array $final = [],
    ) {
        if ($timeout !== null && !($timeout > 0 && $timeout <= 86400)) {
            throw new InvalidConfiguration("CallOptions.timeout: got $timeout, want more than 0 and at most 86400 seconds");
        }
        if (!($silence > 0)) {
            throw new InvalidConfiguration("CallOptions.silence: got $silence, want more than 0 seconds");
        }
        if ($requestId !== '' && preg_match('/^[A-Za-z0-9_.:-]{1,128}$/D', $requestId) !== 1) {
            throw new InvalidConfiguration('CallOptions.requestId: want up to 128 of A-Z a-z 0-9 _ . : -');
        }
        foreach ($metadata as $name => $value) {
            self::checkMetadata((string) $name, $value);
        }
    }

    private static function checkMetadata(string $name, mixed $value): void
    {
        if (preg_match(self::NAME, $name) !== 1) {
            throw new InvalidConfiguration("CallOptions.metadata: got the name \"$name\", want lower-case letters, digits, _ . and -");
        }
        if (in_array($name, self::RESERVED, true) || str_starts_with($name, 'grpc-') || str_starts_with($name, 'connect-')) {
            throw new InvalidConfiguration("CallOptions.metadata: $name is set by the client itself");
        }
        // The value is not shown: it may be a secret.
        if (!is_string($value) || (!str_ends_with($name, '-bin') && preg_match(self::VALUE, $value) !== 1)) {
            throw new InvalidConfiguration("CallOptions.metadata: the value of $name has characters that are not printable ASCII");
        }
    }

    /** The same where a request is good for `$seconds` more. */
    public function withTimeout(?float $seconds): self
    {
        return new self($seconds, $this->metadata, $this->idempotent, $this->silence, $this->beforeAttempt, $this->requestId, $this->final);
    }

    /** What a generated method knows of its contract, where the caller has not said otherwise. */
    public function orIdempotent(bool $idempotent): self
    {
        return $this->idempotent !== null ? $this : new self(
            $this->timeout,
            $this->metadata,
            $idempotent,
            $this->silence,
            $this->beforeAttempt,
            $this->requestId,
            $this->final,
        );
    }

    /** The same with a request id: all attempts of a call share it. */
    public function withRequestId(): self
    {
        return $this->requestId !== '' ? $this : new self(
            $this->timeout,
            $this->metadata,
            $this->idempotent,
            $this->silence,
            $this->beforeAttempt,
            bin2hex(random_bytes(16)),
            $this->final,
        );
    }

    /** @param \Closure(): void $beforeAttempt */
    public function withBeforeAttempt(\Closure $beforeAttempt): self
    {
        return new self($this->timeout, $this->metadata, $this->idempotent, $this->silence, $beforeAttempt, $this->requestId, $this->final);
    }

    /** @return array<string, string> as it goes over the wire */
    public function wireMetadata(): array
    {
        $wire = [];
        foreach ($this->metadata as $name => $value) {
            $wire[$name] = str_ends_with((string) $name, '-bin') ? rtrim(base64_encode($value), '=') : $value;
        }
        return $wire;
    }
}
