<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\FieldViolation;
use Cognate\Client\Json\Entries;
use Cognate\Rpc\BadRequest;
use Cognate\Rpc\ErrorInfo;
use Cognate\Rpc\RetryInfo;
use Cognate\Rpc\Status;

/** The details of an error: collected from whatever form they come in, read as far as they can be. */
final class StatusDetails
{
    private const MAX_DETAILS = 100;
    private const MAX_VIOLATIONS = 1000;
    private const MAX_RETRY_SECONDS = 86400.0;

    private string $reason = '';
    /** @var array<string, string> */
    private array $metadata = [];
    private ?float $retryDelay = null;
    /** @var list<FieldViolation> */
    private array $violations = [];
    private int $count = 0;

    /** Of the trailer `grpc-status-details-bin`, decoded. What cannot be read is left out: the code and the message still count. */
    public static function ofStatus(string $bytes): self
    {
        $details = new self();
        $status = new Status();
        if (self::parse($status, $bytes)) {
            foreach ($status->getDetails() as $any) {
                $details->add($any->getTypeUrl(), $any->getValue());
            }
        }
        return $details;
    }

    /** @param string $type `type.googleapis.com/google.rpc.ErrorInfo`, or without what is before the slash */
    public function add(string $type, string $bytes): void
    {
        if (++$this->count > self::MAX_DETAILS) {
            return;
        }
        $slash = strrpos($type, '/');
        match ($slash === false ? $type : substr($type, $slash + 1)) {
            'google.rpc.ErrorInfo' => $this->addErrorInfo($bytes),
            'google.rpc.RetryInfo' => $this->addRetryInfo($bytes),
            'google.rpc.BadRequest' => $this->addBadRequest($bytes),
            default => null,
        };
    }

    private function addErrorInfo(string $bytes): void
    {
        $info = new ErrorInfo();
        if (!self::parse($info, $bytes) || preg_match('/^[A-Z][A-Z0-9_]{0,62}$/D', $info->getReason()) !== 1) {
            return;
        }
        $this->reason = $info->getReason();
        foreach (Entries::of($info->getMetadata()) as $name => $value) {
            $this->metadata[(string) $name] = (string) $value;
        }
    }

    private function addRetryInfo(string $bytes): void
    {
        $info = new RetryInfo();
        if (!self::parse($info, $bytes)) {
            return;
        }
        $delay = $info->getRetryDelay();
        $seconds = $delay === null ? 0.0 : (int) $delay->getSeconds() + $delay->getNanos() / 1e9;
        $this->retryDelay = max(0.0, min(self::MAX_RETRY_SECONDS, $seconds));
    }

    private function addBadRequest(string $bytes): void
    {
        $request = new BadRequest();
        if (!self::parse($request, $bytes)) {
            return;
        }
        foreach ($request->getFieldViolations() as $violation) {
            if (count($this->violations) < self::MAX_VIOLATIONS) {
                $this->violations[] = new FieldViolation($violation->getField(), $violation->getDescription());
            }
        }
    }

    private static function parse(\Google\Protobuf\Internal\Message $message, string $bytes): bool
    {
        try {
            $message->mergeFromString($bytes);
            return true;
        } catch (\Throwable) {
            // The runtime throws more than one kind for bytes that are no message.
            return false;
        }
    }

    public function exception(int $code, string $message, string $requestId, ?float $retryAfter = null): CognateException
    {
        return CognateException::of(
            $code,
            $message,
            $this->reason,
            $this->violations,
            $this->retryDelay ?? $retryAfter,
            $this->metadata,
            $requestId
        );
    }
}
