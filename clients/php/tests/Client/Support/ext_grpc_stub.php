<?php

// What ExtGrpcTransport uses of the extension grpc, for machines without it: calls are kept, answers are those of Call::$answers.

declare(strict_types=1);

namespace Grpc;

const OP_SEND_INITIAL_METADATA = 0;
const OP_SEND_MESSAGE = 1;
const OP_SEND_CLOSE_FROM_CLIENT = 2;
const OP_RECV_INITIAL_METADATA = 4;
const OP_RECV_MESSAGE = 5;
const OP_RECV_STATUS_ON_CLIENT = 6;

final class ChannelCredentials
{
    public static function createInsecure(): ?self
    {
        return null;
    }

    public static function createSsl(?string $roots = null, ?string $key = null, ?string $chain = null): self
    {
        return new self();
    }
}

final class Channel
{
    /** @param array<string, mixed> $arguments */
    public function __construct(public string $target, public array $arguments)
    {
    }
}

final class Timeval
{
    public function __construct(public int $microseconds)
    {
    }

    public static function now(): self
    {
        return new self(0);
    }

    public static function infFuture(): self
    {
        return new self(PHP_INT_MAX);
    }

    public function add(self $other): self
    {
        return new self($this->microseconds + $other->microseconds);
    }
}

final class Call
{
    /** @var list<object> */
    public static array $answers = [];
    /** @var list<self> */
    public static array $made = [];
    /** @var list<array<int, mixed>> */
    public array $batches = [];
    public bool $isCancelled = false;

    public function __construct(public Channel $channel, public string $method, public Timeval $deadline)
    {
        self::$made[] = $this;
    }

    /** @param array<int, mixed> $batch */
    public function startBatch(array $batch): object
    {
        $this->batches[] = $batch;
        if (isset($batch[OP_SEND_MESSAGE])) {
            return new \stdClass();
        }
        return array_shift(self::$answers) ?? throw new \LogicException('no answer is left');
    }

    public function cancel(): void
    {
        $this->isCancelled = true;
    }
}
