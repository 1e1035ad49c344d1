<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/** Another record, as the target knows it. Comes in deliveries, and is never sent. */
final class Reference implements \Stringable
{
    /**
     * @param string $entityId a UUID
     * @param string $model the model on the target
     * @param string|null $localId the target's own id; null while it does not have the record
     * @param bool $isOptional the field may be left empty
     * @param bool $isNumber inside a list or a map it is written as a number
     */
    public function __construct(
        public readonly string $entityId,
        public readonly string $model,
        public readonly ?string $localId,
        public readonly bool $isOptional,
        public readonly string $sourceModel,
        public readonly string $sourceLocalId,
        public readonly bool $isNumber,
    ) {
    }

    /** What is written in its place: the target's id, as a number where the source had one. */
    public function id(): string|int|null
    {
        $isWhole = $this->isNumber && $this->localId !== null && (string) (int) $this->localId === $this->localId;
        return $isWhole ? (int) $this->localId : $this->localId;
    }

    public function __toString(): string
    {
        return $this->localId ?? '';
    }
}
