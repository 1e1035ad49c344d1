<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

/** An answer over HTTP/1.1 in the making, up to a size. */
final class HttpCollector
{
    private int $status = 0;
    /** @var array<string, string> */
    private array $headers = [];
    private int $headerBytes = 0;
    private string $body = '';
    private bool $isTooLarge = false;

    public function __construct(private readonly int $maxBytes)
    {
    }

    /** False: enough. */
    public function header(string $line): bool
    {
        $this->headerBytes += strlen($line);
        if ($this->headerBytes > Http::MAX_HEADER_BYTES) {
            $this->isTooLarge = true;
            return false;
        }
        HttpAnswer::readLine($line, $this->status, $this->headers);
        return true;
    }

    /** False: enough. */
    public function body(string $bytes): bool
    {
        if (strlen($this->body) + strlen($bytes) > $this->maxBytes) {
            $this->isTooLarge = true;
            return false;
        }
        $this->body .= $bytes;
        return true;
    }

    public function isTooLarge(): bool
    {
        return $this->isTooLarge;
    }

    public function status(): int
    {
        return $this->status;
    }

    /** What has come since it was last taken. */
    public function takeBody(): string
    {
        $body = $this->body;
        $this->body = '';
        return $body;
    }

    public function answer(): HttpAnswer
    {
        return new HttpAnswer($this->status, $this->headers, $this->body);
    }
}
