<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\CallOptions;
use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Transport;
use Google\Protobuf\Internal\Message;
use Grpc\Call;
use Grpc\Channel;
use Grpc\ChannelCredentials;
use Grpc\Timeval;

/** gRPC over the extension grpc, where it is loaded and chosen. Needs the extension and nothing of its PHP library. */
final class ExtGrpcTransport implements Transport
{
    private readonly Channel $channel;

    public function __construct(private readonly ClientConfig $config)
    {
        $endpoint = $config->endpoint;
        $this->channel = new Channel($endpoint->socket !== '' ? "unix:{$endpoint->socket}" : substr($endpoint->url, strpos($endpoint->url, '//') + 2), [
            'credentials' => $endpoint->isTls ? self::tls($config) : ChannelCredentials::createInsecure(),
            'grpc.max_receive_message_length' => $config->maxMessageBytes,
            'grpc.max_send_message_length' => -1,
            'grpc.primary_user_agent' => $config->userAgent,
        ]);
    }

    /** Why it cannot be used; null if it can. */
    public static function lacks(): ?string
    {
        return extension_loaded('grpc') ? null : 'the extension grpc is not loaded';
    }

    private static function tls(ClientConfig $config): ChannelCredentials
    {
        $read = static fn (string $file): ?string => $file === '' ? null : (string) file_get_contents($file);
        return ChannelCredentials::createSsl($read($config->caFile), $read($config->clientKey), $read($config->clientCertificate));
    }

    public function name(): string
    {
        return 'ext-grpc';
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $options = $options->withRequestId();
        $call = $this->start($method, $request, $options, $options->timeout ?? $this->config->timeout);
        $event = $call->startBatch([
            \Grpc\OP_RECV_INITIAL_METADATA => true,
            \Grpc\OP_RECV_MESSAGE => true,
            \Grpc\OP_RECV_STATUS_ON_CLIENT => true,
        ]);
        self::check($event->status, $options->requestId);
        if ($event->message === null) {
            throw CognateException::of(StatusCode::INTERNAL, "$method: the answer has no message", 'BAD_FRAME', requestId: $options->requestId);
        }
        return CurlGrpcTransport::decode($method, $event->message, $responseClass, $options->requestId);
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        $options = $options->withRequestId();
        $call = $this->start($method, $request, $options, $options->timeout);
        $isOver = false;
        try {
            $event = $call->startBatch([\Grpc\OP_RECV_INITIAL_METADATA => true, \Grpc\OP_RECV_MESSAGE => true]);
            while ($event->message !== null) {
                yield CurlGrpcTransport::decode($method, $event->message, $responseClass, $options->requestId);
                $event = $call->startBatch([\Grpc\OP_RECV_MESSAGE => true]);
            }
            $event = $call->startBatch([\Grpc\OP_RECV_STATUS_ON_CLIENT => true]);
            $isOver = true;
            self::check($event->status, $options->requestId);
        } finally {
            if (!$isOver) {
                $call->cancel();
            }
        }
    }

    private function start(string $method, Message $request, CallOptions $options, ?float $timeout): Call
    {
        $deadline = $timeout === null ? Timeval::infFuture() : Timeval::now()->add(new Timeval((int) ($timeout * 1e6)));
        $call = new Call($this->channel, $method, $deadline);
        $call->startBatch([
            \Grpc\OP_SEND_INITIAL_METADATA => $this->metadata($options),
            \Grpc\OP_SEND_MESSAGE => ['message' => $request->serializeToString()],
            \Grpc\OP_SEND_CLOSE_FROM_CLIENT => true,
        ]);
        return $call;
    }

    /** @return array<string, list<string>> */
    private function metadata(CallOptions $options): array
    {
        // The extension itself encodes what ends in -bin.
        $metadata = ['x-request-id' => [$options->requestId]];
        foreach ($options->metadata as $name => $value) {
            $metadata[$name] = [$value];
        }
        $authorization = $this->config->credential->authorization();
        return $authorization === null ? $metadata : $metadata + ['authorization' => [$authorization]];
    }

    private static function check(\stdClass $status, string $requestId): void
    {
        if ($status->code === StatusCode::OK) {
            return;
        }
        $details = $status->metadata['grpc-status-details-bin'][0] ?? '';
        $message = $status->details !== '' ? $status->details : StatusCode::name($status->code);
        throw StatusDetails::ofStatus($details)->exception($status->code, $message, $status->metadata['x-request-id'][0] ?? $requestId);
    }
}
