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
use Cognate\Client\Json\NotReadable;
use Cognate\Client\Json\ProtoJson;
use Cognate\Client\SystemClock;
use Cognate\Client\Transport;
use Cognate\V1\ReadRequest;
use Cognate\V1\ReadResponse;
use Google\Protobuf\Internal\Message;

/** The Connect protocol with JSON over HTTP/1.1: for hosts whose curl has no HTTP/2, behind proxies that drop trailers, and for gateways. */
final class ConnectTransport implements Transport
{
    private const WATCH = '/cognate.v1.FeedbackService/Watch';
    /** Where a gateway tells of events. */
    private const WATCH_PATH = '/v1/watch';
    private const READ = '/cognate.v1.FileTransferService/Read';
    /** Where it gives contents, and how much is asked for at once. */
    private const READ_PATH = '/files/sha256/';
    private const READ_BYTES = 4 << 20;
    private const READ_TIMEOUT = 120.0;

    private readonly Http $http;

    public function __construct(
        private readonly ClientConfig $config,
        private readonly Clock $clock = new SystemClock(),
        ?Http $http = null,
    ) {
        $this->http = $http ?? self::http($config);
    }

    /** What requests go by here. */
    public static function http(ClientConfig $config): Http
    {
        return extension_loaded('curl') ? new CurlHttp($config) : new StreamHttp($config);
    }

    /** Why it cannot be used; null if it can. */
    public static function lacks(ClientConfig $config): ?string
    {
        return extension_loaded('curl') ? null : StreamHttp::lacks($config);
    }

    public function name(): string
    {
        return 'connect';
    }

    /** What it stands on, for people. */
    public function carrier(): string
    {
        return $this->http->name();
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $options = $options->withRequestId();
        $timeout = $options->timeout ?? $this->config->timeout;
        $headers = $this->headers($options, $timeout, 'application/json');
        $answer = $this->http->post($method, $headers, ProtoJson::encode($request), $timeout, $options->requestId);
        $requestId = self::requestIdOf($answer, $options->requestId);
        if ($answer->status !== 200) {
            throw ConnectError::ofBody($answer->status, $answer->body, $requestId, $answer->retryAfter());
        }
        if (preg_match('#^application/json($|;)#i', $answer->headers['content-type'] ?? '') !== 1) {
            // A login page of something in between, say.
            throw CognateException::of(
                StatusCode::UNKNOWN,
                "$method: the answer is not of the Connect protocol: want JSON, got another content type",
                'NOT_CONNECT',
                requestId: $requestId
            );
        }
        return self::decode($method, $answer->body, $responseClass, $requestId);
    }

    /**
     * Whether the address answers the Connect protocol at all: null if so, or what was got instead.
     *
     * @throws CognateException where nobody answers, or nobody is trusted: nothing is known then
     */
    public function probe(float $timeout): ?string
    {
        $options = (new CallOptions())->withRequestId();
        $headers = $this->headers($options, $timeout, 'application/json');
        try {
            $answer = $this->http->post('/cognate.v1.KeyService/WhoAmI', $headers, '{}', $timeout, $options->requestId);
        } catch (CognateException $broken) {
            if ($broken instanceof TlsFailed || ($broken instanceof Unavailable && $broken->reason !== 'CONNECTION_LOST')) {
                throw $broken;
            }
            return $broken->getMessage();
        }
        if ($answer->status === 200 && str_starts_with($answer->headers['content-type'] ?? '', 'application/json')) {
            return null;
        }
        $error = ConnectError::ofBody($answer->status, $answer->body, $options->requestId);
        // A refusal is an answer, too: without a key, say.
        return $error->reason === 'NOT_CONNECT' ? $error->getMessage() : null;
    }

    /** @return array<string, string> */
    private function headers(CallOptions $options, ?float $timeout, string $type): array
    {
        $headers = [
            'content-type' => $type,
            'accept' => $type,
            'connect-protocol-version' => '1',
            'x-request-id' => $options->requestId,
        ];
        if ($timeout !== null) {
            $headers['connect-timeout-ms'] = (string) max(1, (int) ceil($timeout * 1000));
        }
        $authorization = $this->config->credential->authorization();
        if ($authorization !== null) {
            $headers['authorization'] = $authorization;
        }
        return $headers + $options->wireMetadata();
    }

    private static function requestIdOf(HttpAnswer $answer, string $ours): string
    {
        $theirs = $answer->headers['x-request-id'] ?? $answer->headers['trailer-x-request-id'] ?? '';
        return preg_match('/^[\x21-\x7e]{1,128}$/D', $theirs) === 1 ? $theirs : $ours;
    }

    /**
     * @template T of Message
     * @param class-string<T> $class
     * @return T
     */
    private static function decode(string $method, string $json, string $class, string $requestId): Message
    {
        $message = new $class();
        try {
            ProtoJson::decode($json, $message);
        } catch (\Exception $exception) {
            $why = $exception instanceof NotReadable ? ': ' . $exception->getMessage() : '';
            throw CognateException::of(
                StatusCode::INTERNAL,
                "$method: the answer cannot be read as $class$why",
                'BAD_ANSWER',
                requestId: $requestId,
                previous: $exception
            );
        }
        return $message;
    }

    /** Of all streams a gateway has two: `FeedbackService.Watch` as server-sent events, and `FileTransferService.Read` as downloads of ranges. */
    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        if ($request instanceof ReadRequest && $method === self::READ) {
            yield from $this->download($method, $request, $options);
            return;
        }
        if ($method !== self::WATCH) {
            throw CognateException::of(
                StatusCode::UNIMPLEMENTED,
                "$method: over HTTP/1.1 there is no such stream; use the transport \"grpc\", or the call that answers once (Pull, ListEvents)",
                'NO_STREAMS'
            );
        }
        $options = $options->withRequestId();
        $headers = ['accept' => 'text/event-stream'] + $this->headers($options, null, 'application/json');
        $pieces = $this->http->open(self::WATCH_PATH, $headers, ProtoJson::encode($request), $options->timeout, $options->requestId);
        $events = new ServerSentEvents($this->config->maxMessageBytes, $options->requestId);
        $heard = $this->clock->elapsed();
        foreach ($pieces as $piece) {
            foreach ($events->append($piece) as $event) {
                $message = $this->message($method, $event, $responseClass, $options->requestId);
                if ($message !== null) {
                    yield $message;
                    $heard = $this->clock->elapsed();
                }
            }
            $heard = $piece !== '' ? $this->clock->elapsed() : $heard;
            if ($this->clock->elapsed() - $heard > $options->silence) {
                throw self::lost("$method: nothing was heard for {$options->silence} s", $options->requestId);
            }
        }
        $answer = $pieces->getReturn();
        throw $answer === null
            ? self::lost("$method: the stream ended; go on with the last resume_token", $options->requestId)
            : ConnectError::ofBody($answer->status, $answer->body, self::requestIdOf($answer, $options->requestId), $answer->retryAfter());
    }

    /** @return \Generator<int, ReadResponse, mixed, void> */
    private function download(string $method, ReadRequest $request, CallOptions $options): \Generator
    {
        $offset = (int) $request->getOffset();
        $end = (int) $request->getLimit() > 0 ? $offset + (int) $request->getLimit() : PHP_INT_MAX;
        while ($offset < $end) {
            $options = $options->withRequestId();
            $last = min($end, $offset + min(self::READ_BYTES, intdiv($this->config->maxMessageBytes, 2))) - 1;
            $headers = ['accept' => '*/*', 'range' => "bytes=$offset-$last"] + $this->headers($options, null, 'application/json');
            if ($request->getPlatform() !== '') {
                $headers['cognate-platform'] = $request->getPlatform();
            }
            $path = self::READ_PATH . bin2hex($request->getSha256());
            $answer = $this->http->request('GET', $path, $headers, null, $options->timeout ?? max($this->config->timeout, self::READ_TIMEOUT), $options->requestId);
            $requestId = self::requestIdOf($answer, $options->requestId);
            if ($answer->status === 416 && ($answer->headers['content-range'] ?? '') === "bytes */$offset") {
                // Its end; an empty content has no ranges at all.
                return;
            }
            if ($answer->status !== 206) {
                throw ConnectError::ofBody($answer->status, $answer->body, $requestId, $answer->retryAfter());
            }
            if (preg_match("~^bytes $offset-(\\d{1,18})/(\\d{1,18})$~D", $answer->headers['content-range'] ?? '', $range) !== 1 || (int) $range[1] - $offset + 1 !== strlen($answer->body)) {
                throw CognateException::of(StatusCode::INTERNAL, "$method: the answer is another range than the one that was asked for", 'BAD_ANSWER', requestId: $requestId);
            }
            $offset += strlen($answer->body);
            $end = min($end, (int) $range[2]);
            yield new ReadResponse(['data' => $answer->body]);
        }
    }

    private static function lost(string $message, string $requestId): CognateException
    {
        return CognateException::of(StatusCode::UNAVAILABLE, $message, 'CONNECTION_LOST', requestId: $requestId);
    }

    /**
     * @template T of Message
     * @param array{type: string, data: string|null, id: string|null} $event
     * @param class-string<T> $class
     * @return T|null null for what says nothing
     */
    private function message(string $method, array $event, string $class, string $requestId): ?Message
    {
        if ($event['type'] === 'error') {
            throw ConnectError::ofBody(200, $event['data'] ?? '', $requestId);
        }
        if ($event['data'] !== null && in_array($event['type'], ['', 'message'], true)) {
            return self::decode($method, $event['data'], $class, $requestId);
        }
        if ($event['id'] === null) {
            return null;
        }
        // A sign of life has no events, and a token to go on from.
        return self::decode($method, json_encode(['resumeToken' => $event['id']], JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), $class, $requestId);
    }
}
