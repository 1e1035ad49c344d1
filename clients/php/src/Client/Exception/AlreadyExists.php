<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** There is one of that name: update it, or choose another name. */
final class AlreadyExists extends CognateException
{
}
