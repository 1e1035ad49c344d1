<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The other side does not have this call: it is older, or something else altogether. */
final class Unimplemented extends CognateException
{
}
