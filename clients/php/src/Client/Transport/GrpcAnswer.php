<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;

/** An answer in the making: header lines, frames and trailer lines, as they come. Believes none of them. */
final class GrpcAnswer
{
    private const MAX_HEADER_BYTES = 1 << 20;

    public readonly GrpcFrames $frames;
    private int $httpStatus = 0;
    private string $contentType = '';
    private int $headerBytes = 0;
    private int $bodyBytes = 0;
    /** @var array<string, string> headers and trailers: the last of a name counts */
    private array $headers = [];
    private ?CognateException $refusal = null;

    public function __construct(int $maxMessageBytes, private readonly string $requestId = '')
    {
        $this->frames = new GrpcFrames($maxMessageBytes);
    }

    /** One line of headers or trailers. False: enough, no more of it. */
    public function header(string $line): bool
    {
        $this->headerBytes += strlen($line);
        if ($this->headerBytes > self::MAX_HEADER_BYTES) {
            return $this->refuse(CognateException::of(
                StatusCode::RESOURCE_EXHAUSTED,
                'The answer has more than ' . self::MAX_HEADER_BYTES . ' bytes of headers',
                'ANSWER_TOO_LARGE',
                requestId: $this->requestId
            ));
        }
        if (preg_match('#^HTTP/[0-9.]+ +([0-9]{3})#', $line, $match) === 1) {
            // Of several, such as a 100 before it, the last one is the answer.
            $this->httpStatus = (int) $match[1];
            return true;
        }
        $colon = strpos($line, ':');
        if ($colon !== false) {
            $this->headers[strtolower(trim(substr($line, 0, $colon)))] = trim(substr($line, $colon + 1));
        }
        $this->contentType = $this->headers['content-type'] ?? '';
        return true;
    }

    /** A piece of the body. False: enough, no more of it. */
    public function body(string $bytes): bool
    {
        $this->bodyBytes += strlen($bytes);
        if ($this->refusal !== null) {
            return false;
        }
        if (!$this->isGrpc()) {
            // A web page, most likely: its status says what there is to say.
            return $this->refuse($this->notGrpc());
        }
        try {
            $this->frames->append($bytes);
            return true;
        } catch (CognateException $exception) {
            return $this->refuse($this->withRequestId($exception));
        }
    }

    public function isGrpc(): bool
    {
        return $this->httpStatus === 200 && preg_match('#^application/grpc(\+proto)?($|;)#i', $this->contentType) === 1;
    }

    /** How much has come, of whatever. */
    public function byteCount(): int
    {
        return $this->headerBytes + $this->bodyBytes;
    }

    /** Whether the other side has said how it ended. */
    public function hasStatus(): bool
    {
        return isset($this->headers['grpc-status']);
    }

    public function refusal(): ?CognateException
    {
        return $this->refusal;
    }

    /** Null if it ended well; `$broken` is what the connection says, where it broke. */
    public function failure(?CognateException $broken): ?CognateException
    {
        if ($this->refusal !== null) {
            return $this->refusal;
        }
        if ($this->hasStatus()) {
            $failure = $this->statusFailure();
            return $failure === null && $this->frames->isInsideFrame() ? $this->cutOff() : $failure;
        }
        if ($broken !== null) {
            return $broken;
        }
        return $this->isGrpc() ? CognateException::of(
            StatusCode::INTERNAL,
            'The answer ended without a status: something on the way drops trailers; use the transport "connect" there',
            'NO_STATUS',
            requestId: $this->requestId
        ) : $this->notGrpc();
    }

    private function statusFailure(): ?CognateException
    {
        $text = $this->headers['grpc-status'];
        $code = preg_match('/^[0-9]{1,3}$/D', $text) === 1 ? (int) $text : StatusCode::UNKNOWN;
        if ($code === StatusCode::OK) {
            return null;
        }
        $message = self::percentDecoded($this->headers['grpc-message'] ?? '');
        $bytes = base64_decode(rtrim($this->headers['grpc-status-details-bin'] ?? '', '='), true);
        return StatusDetails::ofStatus($bytes === false ? '' : $bytes)
            ->exception($code, $message !== '' ? $message : StatusCode::name($code), $this->serverRequestId());
    }

    private function serverRequestId(): string
    {
        $theirs = $this->headers['x-request-id'] ?? '';
        return preg_match('/^[\x21-\x7e]{1,128}$/D', $theirs) === 1 ? $theirs : $this->requestId;
    }

    /** Of a message as it may stand in a header: anything that is no UTF-8 afterwards is replaced. */
    public static function percentDecoded(string $text): string
    {
        $decoded = (string) preg_replace_callback(
            '/%([0-9A-Fa-f]{2})/',
            static fn (array $match): string => chr((int) hexdec($match[1])),
            $text
        );
        return preg_match('//u', $decoded) === 1 ? $decoded : (string) preg_replace('/[^\x20-\x7e]/', '?', $decoded);
    }

    private function cutOff(): CognateException
    {
        return CognateException::of(
            StatusCode::INTERNAL,
            'The answer ended in the middle of a message',
            'BAD_FRAME',
            requestId: $this->requestId
        );
    }

    private function notGrpc(): CognateException
    {
        $type = $this->contentType === '' ? 'no content type' : 'the content type ' . preg_replace('/[^\x20-\x7e]/', '?', substr($this->contentType, 0, 100));
        return CognateException::of(
            StatusCode::fromHttp($this->httpStatus),
            "The answer is no gRPC: HTTP status {$this->httpStatus} and $type",
            $this->httpStatus === 413 ? 'REQUEST_TOO_LARGE' : 'NOT_GRPC',
            requestId: $this->requestId
        );
    }

    private function withRequestId(CognateException $exception): CognateException
    {
        return CognateException::of(
            $exception->statusCode,
            $exception->getMessage(),
            $exception->reason,
            requestId: $this->requestId
        );
    }

    private function refuse(CognateException $refusal): bool
    {
        $this->refusal ??= $refusal;
        return false;
    }
}
