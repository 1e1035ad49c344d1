<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** One field of a request that is wrong. */
final class FieldViolation
{
    /**
     * @param string $field path from the request, such as `changes[3].fields[0].value`
     * @param string $description what was got, what is wanted
     */
    public function __construct(public readonly string $field, public readonly string $description)
    {
    }
}
