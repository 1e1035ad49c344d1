<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Cognate\Client\CallOptions;
use Cognate\Client\Transport;
use Google\Protobuf\Internal\Message;

/** Ends its process, as kill -9 does, right before or right after the call that chance names; of a stream, its message. */
final class KillingTransport implements Transport
{
    private int $left;

    /** @param list<string> $methods which calls count */
    public function __construct(private readonly Transport $inner, int $calls, private readonly bool $before, private readonly array $methods)
    {
        $this->left = $calls;
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $counts = in_array(basename($method), $this->methods, true) && --$this->left === 0;
        if ($counts && $this->before) {
            posix_kill(getmypid(), SIGKILL);
        }
        $answer = $this->inner->unary($method, $request, $responseClass, $options);
        if ($counts) {
            posix_kill(getmypid(), SIGKILL);
        }
        return $answer;
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        foreach ($this->inner->serverStream($method, $request, $responseClass, $options) as $message) {
            $counts = in_array(basename($method), $this->methods, true) && --$this->left === 0;
            if ($counts && $this->before) {
                posix_kill(getmypid(), SIGKILL);
            }
            yield $message;
            if ($counts) {
                posix_kill(getmypid(), SIGKILL);
            }
        }
    }

    public function name(): string
    {
        return $this->inner->name();
    }
}
