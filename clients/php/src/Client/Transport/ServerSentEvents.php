<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;

/** Reads an event stream (text/event-stream) that comes in pieces of any size. */
final class ServerSentEvents
{
    private string $buffer = '';
    /** Bytes of the event that is not over yet. */
    private int $size = 0;
    private string $type = '';
    private ?string $data = null;
    private ?string $id = null;
    private bool $endedInReturn = false;

    public function __construct(private readonly int $maxEventBytes, private readonly string $requestId)
    {
    }

    /**
     * @return list<array{type: string, data: string|null, id: string|null}> events that are whole; one without data is a sign of life, which
     *     may have an id all the same
     * @throws CognateException for an event that is too large
     */
    public function append(string $bytes): array
    {
        if ($this->endedInReturn && str_starts_with($bytes, "\n")) {
            $bytes = substr($bytes, 1);
        }
        if ($bytes !== '') {
            $this->endedInReturn = str_ends_with($bytes, "\r");
        }
        $this->buffer .= $bytes;
        $lines = preg_split('/\r\n|\n|\r/', $this->buffer) ?: [''];
        $this->buffer = (string) array_pop($lines);
        $events = [];
        foreach ($lines as $line) {
            $event = $this->line($line);
            if ($event !== null) {
                $events[] = $event;
            }
        }
        $this->checkSize(strlen($this->buffer));
        return $events;
    }

    /** @return array{type: string, data: string|null, id: string|null}|null */
    private function line(string $line): ?array
    {
        if ($line === '') {
            return $this->dispatch();
        }
        $this->size += strlen($line);
        $this->checkSize(0);
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $value = str_starts_with($value, ' ') ? substr($value, 1) : $value;
        if ($name === 'data') {
            $this->data = $this->data === null ? $value : "{$this->data}\n$value";
        } elseif ($name === 'event') {
            $this->type = $value;
        } elseif ($name === 'id' && !str_contains($value, "\0")) {
            $this->id = $value;
        }
        return null;
    }

    /** @return array{type: string, data: string|null, id: string|null} */
    private function dispatch(): array
    {
        $event = ['type' => $this->type, 'data' => $this->data, 'id' => $this->id];
        $this->type = '';
        $this->data = $this->id = null;
        $this->size = 0;
        return $event;
    }

    private function checkSize(int $more): void
    {
        if ($this->size + $more > $this->maxEventBytes) {
            throw CognateException::of(
                StatusCode::RESOURCE_EXHAUSTED,
                "An event has more than {$this->maxEventBytes} bytes; raise max_message_bytes",
                'ANSWER_TOO_LARGE',
                requestId: $this->requestId
            );
        }
    }
}
