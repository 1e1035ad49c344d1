<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\V1\CaptureResult;

/** What became of one change that was sent: it is committed with a version, or refused with a reason. */
final class CapturedChange
{
    /**
     * @param int $version what the change log gave it; 0 if it was refused
     * @param string $reason as in docs/errors.md; empty if it was taken. Sending it again unchanged does not help
     * @param bool $isTimeOutOfBounds its time cannot be right; it counts as made when it was received
     */
    public function __construct(
        public readonly int $index,
        public readonly string $changeId,
        public readonly int $version,
        public readonly string $reason,
        public readonly string $message,
        public readonly string $field,
        public readonly bool $isTimeOutOfBounds,
    ) {
    }

    public static function of(CaptureResult $result): self
    {
        $error = $result->getError();
        return new self(
            $result->getIndex(),
            $result->getChangeId(),
            (int) $result->getVersion(),
            $error === null ? '' : ($error->getReason() !== '' ? $error->getReason() : 'UNKNOWN'),
            $error?->getMessage() ?? '',
            $error?->getField() ?? '',
            $result->getSourceTimeOutOfBounds(),
        );
    }

    public function isAccepted(): bool
    {
        return $this->reason === '';
    }
}
