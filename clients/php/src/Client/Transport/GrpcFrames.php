<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;

/** The frames of gRPC: a byte of flags, four of length, the message. Takes the answer's bytes in pieces of any size. */
final class GrpcFrames
{
    private const HEADER_BYTES = 5;

    private string $buffer = '';
    /** @var list<string> */
    private array $messages = [];

    public function __construct(private readonly int $maxMessageBytes)
    {
    }

    public static function frame(string $message): string
    {
        return pack('CN', 0, strlen($message)) . $message;
    }

    /** @throws CognateException for a frame that is too large, before it is read, and for one that is no frame of ours */
    public function append(string $bytes): void
    {
        $this->buffer .= $bytes;
        $offset = 0;
        $size = strlen($this->buffer);
        while ($size - $offset >= self::HEADER_BYTES) {
            $length = $this->lengthAt($offset);
            if ($size - $offset - self::HEADER_BYTES < $length) {
                break;
            }
            $this->messages[] = substr($this->buffer, $offset + self::HEADER_BYTES, $length);
            $offset += self::HEADER_BYTES + $length;
        }
        if ($offset > 0) {
            $this->buffer = substr($this->buffer, $offset);
        }
    }

    private function lengthAt(int $offset): int
    {
        $flags = ord($this->buffer[$offset]);
        if ($flags !== 0) {
            throw CognateException::of(
                StatusCode::INTERNAL,
                "The answer has a frame with the flags $flags, want 0: it is compressed, which was not asked for, or no gRPC",
                'BAD_FRAME'
            );
        }
        $length = unpack('N', $this->buffer, $offset + 1)[1] ?? 0;
        if ($length > $this->maxMessageBytes) {
            throw CognateException::of(
                StatusCode::RESOURCE_EXHAUSTED,
                "The answer has a message of $length bytes, and at most {$this->maxMessageBytes} are taken; ask for less at a time, or raise max_message_bytes",
                'ANSWER_TOO_LARGE'
            );
        }
        return $length;
    }

    /** The messages that are whole, once. @return list<string> */
    public function take(): array
    {
        $messages = $this->messages;
        $this->messages = [];
        return $messages;
    }

    /** How many messages are whole and not taken yet. */
    public function count(): int
    {
        return count($this->messages);
    }

    /** Whether a frame has begun and not ended. */
    public function isInsideFrame(): bool
    {
        return $this->buffer !== '';
    }
}
