<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InvalidConfiguration;
use Cognate\Client\Files\CallUploads;
use Cognate\Client\Files\Contents;
use Cognate\Client\Files\TusUploads;
use Cognate\Client\Generated\Services;
use Cognate\Client\Transport\ConnectTransport;
use Cognate\Client\Transport\RetryingTransport;
use Cognate\Client\Transport\TransportChooser;

/** The front door: a typed client for each service of the hub, over the transport that fits. */
final class Cognate
{
    use Services;

    private ?Transport $transport = null;
    private ?TransportChoice $choice = null;

    private function __construct(
        private readonly ?ClientConfig $config,
        private readonly Clock $clock,
        ?Transport $transport = null,
    ) {
        $this->transport = $transport;
    }

    /**
     * Nothing is sent yet: the first call, or `transportChoice()`, looks for the way.
     *
     * - `address`: `https://hub:7400`, `http://127.0.0.1:7400` or `unix:/path`
     * - `key` or `key_file`: the platform's key; a file is read again when it changes
     * - `transport`: `auto` (the default), `grpc`, `connect` or `ext-grpc`
     * - `ca_file`: the only authority that is trusted, as PEM; without it those of the system
     * - `client_certificate`, `client_key`: PEM files, where the hub asks for a certificate
     * - `timeout`: seconds for a call with all its attempts (30); `connect_timeout`: until there is a connection (5)
     * - `max_message_bytes`: a larger answer is refused (16 MiB); `max_attempts`: for each call (4)
     * - `plaintext`: true lets the key go to another machine without TLS
     *
     * @param array{
     *     address: string, key?: string, key_file?: string, transport?: string, ca_file?: string, client_certificate?: string,
     *     client_key?: string, timeout?: float|int, connect_timeout?: float|int, max_message_bytes?: int, max_attempts?: int,
     *     plaintext?: bool, user_agent?: string
     * } $options
     * @throws InvalidConfiguration
     */
    public static function connect(#[\SensitiveParameter] array $options, ?Clock $clock = null): self
    {
        return new self(ClientConfig::fromArray($options), $clock ?? new SystemClock());
    }

    /** Over a transport of one's own: for tests. */
    public static function over(Transport $transport, ?Clock $clock = null): self
    {
        return new self(null, $clock ?? new SystemClock(), $transport);
    }

    /** @throws CognateException where nobody answers */
    public function transport(): Transport
    {
        if ($this->transport === null && $this->config !== null) {
            [$inner, $this->choice] = (new TransportChooser($this->config))->choose();
            $policy = new RetryPolicy($this->config->maxAttempts);
            $this->transport = new RetryingTransport($inner, $this->config->timeout, $policy, $this->clock);
        }
        return $this->transport ?? throw new \LogicException('neither a configuration nor a transport');
    }

    /**
     * Which transport is taken, why, and what the others lack.
     *
     * @throws CognateException where nobody answers
     */
    public function transportChoice(): TransportChoice
    {
        $transport = $this->transport();
        return $this->choice ?? new TransportChoice($transport->name(), 'given by the program');
    }

    /**
     * The bytes of a platform's files. Large ones are sent as the transport can: by calls, or by tus at the gateway.
     *
     * @throws CognateException where nobody answers
     */
    public function contents(string $platform): Contents
    {
        $transport = $this->transport();
        $uploads = $transport->name() === 'connect' && $this->config !== null
            ? new TusUploads(ConnectTransport::http($this->config), $this->config->credential, $platform, $this->config->timeout)
            : new CallUploads($transport, $platform);
        return new Contents($this->fileTransfer(), $platform, $uploads);
    }

    public function clock(): Clock
    {
        return $this->clock;
    }
}
