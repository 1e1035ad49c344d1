<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The two sides do not trust each other: a wrong authority, name or client certificate. A retry does not help. */
final class TlsFailed extends CognateException
{
}
