<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InvalidConfiguration;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Transport;
use Cognate\Client\TransportChoice;

/** Finds the transport that reaches the hub from here: the one that was named, or gRPC over curl, or Connect. */
final class TransportChooser
{
    /** Seconds for one look at what an address answers, at most. */
    private const PROBE = 5.0;

    /** @var array<string, TransportChoice> what was found in this process, by address and trust */
    private static array $found = [];

    public function __construct(private readonly ClientConfig $config)
    {
    }

    /** @return array{Transport, TransportChoice} */
    public function choose(): array
    {
        if ($this->config->transport !== 'auto') {
            return $this->named($this->config->transport);
        }
        $choice = self::$found[$this->memoryKey()] ?? null;
        if ($choice === null) {
            $choice = $this->look();
            self::$found[$this->memoryKey()] = $choice;
        }
        return [$this->make($choice->name), $choice];
    }

    /** For whoever keeps the answer for longer, and for tests. */
    public static function forget(): void
    {
        self::$found = [];
    }

    private function memoryKey(): string
    {
        return implode("\0", [(string) $this->config->endpoint, $this->config->caFile, $this->config->clientCertificate]);
    }

    /** @return array{Transport, TransportChoice} */
    private function named(string $name): array
    {
        $lacks = $this->lacks($name);
        if ($lacks !== null) {
            throw new InvalidConfiguration("transport: \"$name\" cannot be used here: $lacks; \"auto\" takes what there is");
        }
        $transport = $this->make($name);
        $missing = [];
        foreach (array_diff(['grpc', 'connect', 'ext-grpc'], [$name]) as $other) {
            $missing[$other] = $this->lacks($other) ?? 'not chosen';
        }
        return [$transport, new TransportChoice($name, 'chosen in the configuration' . self::carrier($transport), $missing)];
    }

    private function lacks(string $name): ?string
    {
        return match ($name) {
            'grpc' => CurlHandles::lacksHttp2(),
            'connect' => ConnectTransport::lacks($this->config),
            default => ExtGrpcTransport::lacks(),
        };
    }

    private function make(string $name): Transport
    {
        return match ($name) {
            'grpc' => new CurlGrpcTransport($this->config),
            'connect' => new ConnectTransport($this->config),
            default => new ExtGrpcTransport($this->config),
        };
    }

    private static function carrier(Transport $transport): string
    {
        return $transport instanceof ConnectTransport ? ", over {$transport->carrier()}" : '';
    }

    private function look(): TransportChoice
    {
        $timeout = min(self::PROBE, $this->config->timeout);
        $extGrpc = ExtGrpcTransport::lacks() ?? 'loaded, and only taken where it is chosen';
        $grpc = CurlHandles::lacksHttp2() ?? (new CurlGrpcTransport($this->config))->probe($timeout);
        if ($grpc === null) {
            $version = curl_version()['version'] ?? '';
            return new TransportChoice(
                'grpc',
                "{$this->config->endpoint} answers gRPC, and ext-curl (libcurl $version) has HTTP/2",
                ['connect' => 'not needed', 'ext-grpc' => $extGrpc]
            );
        }
        return $this->lookForConnect($grpc, $extGrpc, $timeout);
    }

    private function lookForConnect(string $grpc, string $extGrpc, float $timeout): TransportChoice
    {
        $lacks = ConnectTransport::lacks($this->config);
        $connect = $lacks ?? $this->probeConnect($timeout);
        if ($connect === null) {
            $transport = new ConnectTransport($this->config);
            return new TransportChoice(
                'connect',
                "{$this->config->endpoint} answers the Connect protocol" . self::carrier($transport),
                ['grpc' => $grpc, 'ext-grpc' => $extGrpc]
            );
        }
        throw CognateException::of(
            StatusCode::UNAVAILABLE,
            "{$this->config->endpoint} can be reached by no transport. gRPC: $grpc. Connect: $connect. ext-grpc: $extGrpc",
            'NO_TRANSPORT'
        );
    }

    private function probeConnect(float $timeout): ?string
    {
        return (new ConnectTransport($this->config))->probe($timeout);
    }
}
