<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** A value that cannot be sent, or an answer's value that cannot be read. The message says where and what is wanted. */
final class InvalidValue extends \UnexpectedValueException
{
}
