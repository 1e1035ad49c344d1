<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

/** How one field of a message is reached and written. */
final class FieldShape
{
    /**
     * @param int $type one of Google\Protobuf\Internal\GPBType
     * @param class-string|null $class of its messages, or its enum
     * @param FieldShape|null $mapKey with `$mapValue`: of the entries of a map
     */
    public function __construct(
        public readonly string $name,
        public readonly string $jsonName,
        public readonly int $type,
        public readonly bool $isRepeated,
        public readonly ?string $class,
        public readonly string $getter,
        public readonly string $setter,
        public readonly ?string $hasser,
        public readonly ?FieldShape $mapKey = null,
        public readonly ?FieldShape $mapValue = null,
    ) {
    }
}
