<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

use Cognate\Client\CallOptions;
use Cognate\Client\Transport;
use Google\Protobuf\Internal\Message;

/** Answers what it was given to answer, in turn; exceptions are thrown. */
final class FakeTransport implements Transport
{
    /** @var list<array{string, Message, CallOptions}> */
    public array $calls = [];

    /** @param list<Message|\Throwable> $answers */
    public function __construct(private array $answers, private readonly ?FakeClock $clock = null, private readonly float $takes = 0.0)
    {
    }

    public function name(): string
    {
        return 'fake';
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $copy = clone $request;
        $this->calls[] = [$method, $copy, $options];
        if ($this->clock !== null) {
            $this->clock->elapsed += $this->takes;
        }
        $answer = array_shift($this->answers) ?? throw new \LogicException("no answer is left for $method");
        if ($answer instanceof \Throwable) {
            throw $answer;
        }
        /** @phpstan-ignore-next-line what was given is taken */
        return $answer;
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        $this->calls[] = [$method, $request, $options];
        while ($this->answers !== []) {
            $answer = array_shift($this->answers);
            if ($answer instanceof \Throwable) {
                throw $answer;
            }
            /** @phpstan-ignore-next-line what was given is taken */
            yield $answer;
        }
    }
}
