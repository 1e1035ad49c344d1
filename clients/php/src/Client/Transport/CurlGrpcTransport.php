<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\CallOptions;
use Cognate\Client\ClientConfig;
use Cognate\Client\Clock;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\TlsFailed;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\SystemClock;
use Cognate\Client\Transport;
use Google\Protobuf\Internal\Message;

/**
 * gRPC over ext-curl: HTTP/2 by TLS and ALPN, or known beforehand without TLS and on unix sockets.
 *
 * With TLS one connection carries all unary calls. Each stream has a connection of its own, so that its end cancels the call and
 * nothing else.
 */
final class CurlGrpcTransport implements Transport
{
    /** The most that one look at a stream waits before it looks at its limits again, in seconds. */
    private const LOOK = 0.25;

    private readonly CurlHandles $handles;
    private ?\CurlHandle $handle = null;
    private int $process = 0;
    private int $connections = 0;
    /** @var list<\CurlHandle> connections of the process that this one was forked from */
    private array $foreign = [];

    public function __construct(private readonly ClientConfig $config, private readonly Clock $clock = new SystemClock())
    {
        $this->handles = new CurlHandles($config);
    }

    public function name(): string
    {
        return 'grpc';
    }

    /** How many connections were made for unary calls. */
    public function connections(): int
    {
        return $this->connections;
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $options = $options->withRequestId();
        $timeout = $options->timeout ?? $this->config->timeout;
        $answer = $this->exchange($method, $request->serializeToString(), $options, $timeout);
        $messages = $answer->frames->take();
        if (count($messages) !== 1) {
            throw CognateException::of(
                StatusCode::INTERNAL,
                "$method: the answer has " . count($messages) . ' messages, want one',
                'BAD_FRAME',
                requestId: $options->requestId
            );
        }
        return self::decode($method, $messages[0], $responseClass, $options->requestId);
    }

    /** Sends bytes and gets an answer that has ended well. */
    private function exchange(string $method, string $request, CallOptions $options, float $timeout): GrpcAnswer
    {
        [$answer, $broken] = $this->attempt($method, $request, $options, $timeout);
        $failure = $answer->failure($broken);
        if ($failure !== null) {
            throw $failure;
        }
        return $answer;
    }

    /** @return array{GrpcAnswer, ?CognateException} what came, and what the connection says if it broke */
    private function attempt(string $method, string $request, CallOptions $options, float $timeout): array
    {
        $answer = new GrpcAnswer($this->config->maxMessageBytes, $options->requestId);
        $handle = $this->ownHandle();
        $this->prepare($handle, $method, $request, $options, $timeout, $answer);
        curl_exec($handle);
        $errno = curl_errno($handle);
        $this->connections += (int) curl_getinfo($handle, CURLINFO_NUM_CONNECTS);
        $broken = $this->handles->failure($handle, $errno, $timeout, $options->requestId);
        self::detach($handle);
        if ($errno !== 0) {
            // Whatever is wrong with this connection, the next call gets another one.
            $this->handle = null;
        }
        return [$answer, $broken];
    }

    /**
     * Whether the address answers gRPC at all, with whatever status: null if so, or what was got instead.
     *
     * @throws CognateException where nobody answers, or nobody is trusted: nothing is known then
     */
    public function probe(float $timeout): ?string
    {
        [$answer, $broken] = $this->attempt('/grpc.health.v1.Health/Check', '', (new CallOptions())->withRequestId(), $timeout);
        if ($answer->hasStatus()) {
            return null;
        }
        if ($broken instanceof TlsFailed || ($broken instanceof Unavailable && $broken->reason !== 'CONNECTION_LOST')) {
            throw $broken;
        }
        return $answer->failure($broken)?->getMessage() ?? 'an answer without a status';
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        $options = $options->withRequestId();
        $answer = new GrpcAnswer($this->config->maxMessageBytes, $options->requestId);
        $handle = $this->handles->make(true);
        $this->prepare($handle, $method, $request->serializeToString(), $options, $options->timeout, $answer);
        $multi = curl_multi_init();
        curl_multi_add_handle($multi, $handle);
        try {
            $heard = $this->clock->elapsed();
            do {
                $before = $answer->byteCount();
                curl_multi_exec($multi, $running);
                foreach ($answer->frames->take() as $bytes) {
                    yield self::decode($method, $bytes, $responseClass, $options->requestId);
                    $heard = $this->clock->elapsed();
                }
                $heard = $answer->byteCount() > $before ? $this->clock->elapsed() : $heard;
                if ($running > 0) {
                    $this->wait($multi, $method, $heard, $options);
                }
            } while ($running > 0);
            $this->end($multi, $handle, $answer, $options);
        } finally {
            // Also when the loop was left: the connection ends, and with it the call.
            curl_multi_remove_handle($multi, $handle);
            self::detach($handle);
            curl_multi_close($multi);
        }
    }

    private function wait(\CurlMultiHandle $multi, string $method, float $heard, CallOptions $options): void
    {
        if (curl_multi_select($multi, self::LOOK) === -1) {
            $this->clock->sleep(0.005);
        }
        if ($this->clock->elapsed() - $heard > $options->silence) {
            throw CognateException::of(
                StatusCode::UNAVAILABLE,
                "$method: nothing was heard for {$options->silence} s; the connection is taken for lost",
                'CONNECTION_LOST',
                requestId: $options->requestId
            );
        }
    }

    private function end(\CurlMultiHandle $multi, \CurlHandle $handle, GrpcAnswer $answer, CallOptions $options): void
    {
        $errno = 0;
        while (($message = curl_multi_info_read($multi)) !== false) {
            $errno = (int) $message['result'];
        }
        $failure = $answer->failure($this->handles->failure($handle, $errno, $options->timeout, $options->requestId));
        if ($failure !== null) {
            throw $failure;
        }
    }

    private function prepare(
        \CurlHandle $handle,
        string $method,
        string $request,
        CallOptions $options,
        ?float $timeout,
        GrpcAnswer $answer,
    ): void {
        $headers = ['x-request-id' => $options->requestId] + $options->wireMetadata();
        if ($timeout !== null) {
            $headers['grpc-timeout'] = max(1, (int) ceil($timeout * 1000)) . 'm';
        }
        $authorization = $this->config->credential->authorization();
        if ($authorization !== null) {
            $headers['authorization'] = $authorization;
        }
        curl_setopt_array($handle, [
            CURLOPT_URL => $this->config->endpoint->url . $method,
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => GrpcFrames::frame($request),
            CURLOPT_HTTPHEADER => ['content-type: application/grpc', 'te: trailers', 'expect:', 'accept:', ...CurlHandles::lines($headers)],
            CURLOPT_TIMEOUT_MS => $timeout === null ? 0 : max(1, (int) ceil($timeout * 1000)),
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => $answer->header($line) ? strlen($line) : 0,
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => $answer->body($bytes) ? strlen($bytes) : 0,
        ]);
    }

    /** The kept handle lets go of the last request and answer, which may be large. */
    private static function detach(\CurlHandle $handle): void
    {
        curl_setopt_array($handle, [
            CURLOPT_POSTFIELDS => '',
            CURLOPT_HTTPHEADER => [],
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => strlen($line),
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => strlen($bytes),
        ]);
    }

    private function ownHandle(): \CurlHandle
    {
        $process = (int) getmypid();
        if ($this->handle !== null && $this->process !== $process) {
            // Two processes on one connection garble each other; closing it here would end it there.
            $this->foreign[] = $this->handle;
            $this->handle = null;
        }
        $this->process = $process;
        return $this->handle ??= $this->handles->make(true);
    }

    /**
     * @template T of Message
     * @param class-string<T> $class
     * @return T
     */
    public static function decode(string $method, string $bytes, string $class, string $requestId): Message
    {
        $message = new $class();
        try {
            $message->mergeFromString($bytes);
        } catch (\Exception $exception) {
            throw CognateException::of(
                StatusCode::INTERNAL,
                "$method: the answer cannot be read as $class",
                'BAD_ANSWER',
                requestId: $requestId,
                previous: $exception
            );
        }
        return $message;
    }
}
