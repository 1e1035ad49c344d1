<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\CognateException;
use Google\Protobuf\Internal\Message;

/**
 * Carries calls to the hub. One attempt a call: Transport\RetryingTransport is what tries again.
 *
 * A method is named by its path, such as `/cognate.v1.DeliveryService/Pull`.
 */
interface Transport
{
    /**
     * Sends one request and waits for its answer.
     *
     * @template T of Message
     * @param class-string<T> $responseClass
     * @return T
     * @throws CognateException
     */
    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message;

    /**
     * Sends one request and yields answers as they come. The call begins with the first look at it. Leaving the loop, or dropping
     * what was returned, cancels the call.
     *
     * @template T of Message
     * @param class-string<T> $responseClass
     * @return \Generator<int, T, mixed, void>
     * @throws CognateException
     */
    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable;

    /** `grpc`, `connect` or `ext-grpc`. */
    public function name(): string;
}
